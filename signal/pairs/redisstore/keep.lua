-- Keeps a changed pair, unless it or the room that was dialed has changed since it was read.
-- KEYS: the pair, its room, and the pair that was found in the room (or the pair)
-- ARGV: version that was read ('' for a new pair), new version, state, ms to keep it, ID, 'true' if it waits,
--       'true' for a dial, ID and version of the pair that was found in the room ('' for none),
--       and a channel and a name for each parked request to wake
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version == ARGV[2] then
  return 1 -- the answer was lost, and the script is run again
end
if version ~= ARGV[1] then
  return 0
end
local owner = redis.call('GET', KEYS[2]) or ''
if ARGV[7] == 'true' then
  if owner ~= ARGV[8] then
    return 0
  end
  if owner ~= '' and (redis.call('HGET', KEYS[3], 'version') or '') ~= ARGV[9] then
    return 0
  end
end
redis.call('HSET', KEYS[1], 'state', ARGV[3], 'version', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[6] == 'true' then
  if ARGV[7] == 'true' or owner == ARGV[5] or owner == '' then
    redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[4])
  end
elseif owner == ARGV[5] then
  redis.call('DEL', KEYS[2])
end
for i = 10, #ARGV, 2 do
  redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
return 1
