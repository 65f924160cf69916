--[[
Keep a lease, store where the reply is being written, learn whether to stop. Who asks after the lease
ran out was slow and has not died of the turn: that loss is taken back.

ARGV  6 turn, 7 fence, 8 draft (JSON, "" to leave it as it is), 9.. ids of the draft's messages
Returns  "go" | "stop" | "withdrawn" | "lost"
--]]
if not mine(ARGV[6], ARGV[7]) then
  if get("turn") == ARGV[6] then
    survived(ARGV[7])
  end
  return "lost"
end
hold()
if ARGV[8] ~= "" then
  local draft = ARGV[8]
  if get("withdrawn") == ARGV[6] then
    -- An answer that was made already is made from what was deleted.
    local kept = cjson.decode(draft)
    kept.note = nil
    draft = cjson.encode(kept)
  end
  redis.call("HSET", META, "draft", draft)
  find(9, #ARGV)
end
if get("withdrawn") == ARGV[6] then
  return "withdrawn"
end
if get("stop") == ARGV[6] then
  return "stop"
end
return "go"
