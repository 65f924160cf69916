--[[
The thread as it stands. Changes nothing.

Returns  state("read")
--]]
return state("read")
