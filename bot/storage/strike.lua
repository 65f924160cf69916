--[[
Take messages out of a thread, with what was made from them: entries, waiting mail, the summary if
it covers one of them, the label if it came from one. A turn that is answering one of them, or with
one of them in view, is told to begin anew from what is left. Many are taken out in several calls.

A message that is delivered only after it was deleted is not taken: its event counts as taken.

KEYS  12.. B:event:<digest> of each message whose event is known
ARGV  6 number of those keys, 7 whose messages these are when somebody is taken out of the thread
      ("" otherwise), 8 the thread's epoch when his entries were looked for ("" for none), 9 whether
      he has no others (1/0), 10 number of message ids; then the ids, then numbers of entries that
      are his, or are answers to him
Returns  {entries, mail, summary dropped (1/0), turn told (1/0)}, all -1 when the thread was forgotten
         or replaced since his entries were looked for
--]]
local EVENTS, PERSON, EPOCH, ALL, IDS =
  tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9] == "1", tonumber(ARGV[10])

if PERSON ~= "" and (get("epoch") or "") ~= EPOCH then
  return { -1, -1, -1, -1 }
end
local wanted, seqs = {}, {}
for place = 11, 10 + IDS do
  wanted[ARGV[place]] = true
  seqs[#seqs + 1] = get("entry:" .. ARGV[place]) or nil
end
for place = 11 + IDS, #ARGV do
  seqs[#seqs + 1] = ARGV[place]
end

local entries, struck, upto = {}, {}, number("upto")
local count, covered = 0, 0
for _, seq in ipairs(seqs) do
  local entry = not entries[seq] and redis.call("HGET", LOG, seq)
  if entry then
    local said = cjson.decode(entry)
    local his = PERSON ~= "" and (said.id == PERSON or said.role == "assistant")
    for _, id in ipairs(said.messages or {}) do
      his = his or wanted[id]
    end
    if his then
      entries[seq] = said.messages or {}
      count = count + 1
      -- Somebody's wish that an answer is given again names one of its messages.
      for _, id in ipairs(entries[seq]) do
        struck[id] = true
      end
      covered = (tonumber(seq) <= upto) and 1 or covered
    end
  end
end

local function unwanted(list)
  local found = {}
  for _, mail in ipairs(redis.call("LRANGE", list, 0, -1)) do
    local said = cjson.decode(mail)
    if wanted[said.ref[2]] or struck[said.ref[2]] or (PERSON ~= "" and said.author[1] == PERSON) then
      found[#found + 1] = mail
    end
  end
  return found
end
local waiting, running = unwanted(QUEUE), unwanted(MAIL)
local turn = get("turn")
local told = (turn and count + #running > 0) and 1 or 0

local known = redis.call("EXISTS", META) == 1
for place = 12, 11 + EVENTS do
  redis.call("SET", KEYS[place], NONCE, "EX", known and DAY or ANSWER_SECONDS, "NX")
end
if not known then
  return { 0, 0, 0, 0 }
end
if count + #waiting + #running > 0 then
  redis.call("HSET", META, "version", whole(number("version") + 1))
end
if told == 1 then
  withdraw(turn)
end
if count > 0 then
  note_said(true)
end
for seq, ids in pairs(entries) do
  redis.call("HDEL", LOG, seq)
  redis.call("HDEL", VECTORS, seq)
  for _, id in ipairs(ids) do
    wanted[id] = true
    redis.call("HDEL", META, "entry:" .. id)
  end
end
for id in pairs(wanted) do
  redis.call("HDEL", FOUND, id)
  redis.call("SREM", REFS, id)
end
if covered == 1 then
  unsummarise()
end
for _, mail in ipairs(waiting) do
  redis.call("LREM", QUEUE, 0, mail)
end
for _, mail in ipairs(running) do
  redis.call("LREM", MAIL, 0, mail)
end
if count + #waiting + #running > 0 then
  local named_by = get("labelled")
  if not named_by or wanted[named_by] or PERSON ~= "" then
    redis.call("HDEL", META, "label", "labelled")
  end
end
-- By these the thread is found again, should the caller not come so far.
if PERSON ~= "" and ALL then
  redis.call("HDEL", NAMES, PERSON)
  redis.call("HDEL", META, "used:" .. PERSON)
  redis.call("SREM", AUTHORS, PERSON)
end
return { count, #waiting + #running, covered, told }
