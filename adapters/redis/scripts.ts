/** Milliseconds since 1970 by the clock of the server, the only one that all members share. */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** A reply of names and values in turn, by its names. */
const FIELDS = `
local function fields(reply)
  local found = {}
  for at = 1, #reply, 2 do found[reply[at]] = reply[at + 1] end
  return found
end
`;

/** Whether an id of a stream comes before another. */
const BEFORE = `
local function before(one, other)
  local ms, sequence = string.match(one, '^(%d+)-(%d+)$')
  local ms2, sequence2 = string.match(other, '^(%d+)-(%d+)$')
  if #ms ~= #ms2 then return #ms < #ms2 end
  if ms ~= ms2 then return ms < ms2 end
  return tonumber(sequence) < tonumber(sequence2)
end
`;

/** Whether an entry is pending for a consumer. */
const OWNS = `
local function owns(stream, group, consumer, id)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  return pending and pending[2] == consumer
end
`;

/**
 * Takes what is due and what nobody has prolonged, and looks for what was trimmed unread.
 *
 * KEYS stream, delayed. ARGV group, consumer, idle, room, cursor. Returns the next cursor, the milliseconds
 * until something is due or -1, how many entries were trimmed unread, the last id that was read, and
 * entries as id, fields and count.
 */
export const POLL = `${NOW}${FIELDS}${BEFORE}
local stream, delayed = KEYS[1], KEYS[2]
local group, consumer, idle = ARGV[1], ARGV[2], ARGV[3]
local room, cursor = tonumber(ARGV[4]), ARGV[5]
local taken = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, room)) do
  local id, count = string.match(member, '^(%S+) (%d+)$')
  redis.call('ZREM', delayed, member)
  -- It was acked when it began to wait; whoever claims it by force has it pending again.
  local entry = redis.call(
    'XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', count + 1, 'FORCE'
  )[1]
  if entry then taken[#taken + 1] = { id, entry[2], count + 1 } end
end
local rounds = 0
while #taken < room do
  local reply = redis.call(
    'XAUTOCLAIM', stream, group, consumer, idle, cursor, 'COUNT', room - #taken
  )
  cursor = reply[1]
  for _, entry in ipairs(reply[2]) do
    local pending = redis.call('XPENDING', stream, group, entry[1], entry[1], 1)[1]
    taken[#taken + 1] = { entry[1], entry[2], pending[4] }
  end
  rounds = rounds + 1
  if cursor == '0-0' or rounds == 64 then break end
end
local wait = -1
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
if first[2] then wait = math.max(0, first[2] - now) end
local missed, last = 0, ''
local info = fields(redis.call('XINFO', 'STREAM', stream))
for _, reply in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local known = fields(reply)
  if known['name'] == group then
    last = known['last-delivered-id']
    local read = known['entries-read'] or (last == '0-0' and 0)
    local head = info['first-entry'] and info['first-entry'][1]
    if read and (not head or before(last, head)) then
      missed = math.max(0, info['entries-added'] - read - info['length'])
    end
  end
end
return { cursor, wait, missed, last, taken }
`;

/**
 * Prolongs leases. A plain XCLAIM would take an entry back from whoever has it by now.
 *
 * KEYS stream. ARGV group, consumer, ids. Returns the ids that belong to somebody else.
 */
export const EXTEND = `${OWNS}
local lost = {}
for at = 3, #ARGV do
  if owns(KEYS[1], ARGV[1], ARGV[2], ARGV[at]) then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[at]
  end
end
return lost
`;

/**
 * Gives entries back. Up to half a lease they stay pending, as old as lets them be claimed in time; what
 * waits longer is acked, and noted with its time and count.
 *
 * KEYS stream, delayed. ARGV group, consumer, lease, then id, delay and count of each.
 */
export const GIVE_BACK = `${NOW}${OWNS}
local stream, group, consumer, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
for at = 4, #ARGV, 3 do
  local id, delay, count = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  if owns(stream, group, consumer, id) then
    if delay > lease / 2 then
      redis.call('ZADD', KEYS[2], now + delay, id .. ' ' .. count)
      redis.call('XACK', stream, group, id)
    else
      redis.call(
        'XCLAIM', stream, group, consumer, 0, id, 'IDLE', lease - delay, 'RETRYCOUNT', count, 'JUSTID'
      )
    end
  end
end
`;

/** Publishes and acks, unless the entry belongs to somebody else. KEYS stream, target. ARGV group, consumer, id, fields. */
export const TRANSFER = `${OWNS}
if not owns(KEYS[1], ARGV[1], ARGV[2], ARGV[3]) then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
`;

/** Lets others have at once what a consumer of this name has pending. KEYS stream. ARGV group, consumer, lease. */
export const ABANDON = `
for _, entry in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 100000, ARGV[2])) do
  redis.call(
    'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry[1],
    'IDLE', ARGV[3], 'RETRYCOUNT', entry[4], 'JUSTID'
  )
end
`;

/**
 * Removes a consumer, and others of its group that have not been heard of for long; never one with
 * pending entries, which would be gone with it. KEYS stream. ARGV group, consumer, idle.
 */
export const LEAVE = `${FIELDS}
for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local found = fields(reply)
  local isOver = found['name'] == ARGV[2] or found['idle'] > tonumber(ARGV[3])
  if found['pending'] == 0 and isOver then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], found['name'])
  end
end
`;

/**
 * Shares the partitions of a topic among the members of a group that are alive: each has those whose
 * number, divided by the number of members, leaves its place among them.
 *
 * KEYS members, owners. ARGV consumer, lease, partitions, then those that are given up. Returns the
 * partitions of the member, then those of them that somebody else waits for.
 */
export const SHARE = `${NOW}
local consumer = ARGV[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], consumer)
for at = 4, #ARGV do
  if redis.call('HGET', KEYS[2], ARGV[at]) == consumer then redis.call('HDEL', KEYS[2], ARGV[at]) end
end
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
table.sort(members)
local mine, wanted = {}, {}
for partition = 0, ARGV[3] - 1 do
  local owner = redis.call('HGET', KEYS[2], partition)
  local isMine = members[partition % #members + 1] == consumer
  if owner == consumer then
    mine[#mine + 1] = partition
    if not isMine then wanted[#wanted + 1] = partition end
  elseif isMine and not (owner and redis.call('ZSCORE', KEYS[1], owner)) then
    redis.call('HSET', KEYS[2], partition, consumer)
    mine[#mine + 1] = partition
  end
end
return { mine, wanted }
`;

/** Gives up all partitions of a member. KEYS members, owners. ARGV consumer. */
export const UNSHARE = `
redis.call('ZREM', KEYS[1], ARGV[1])
local owners = redis.call('HGETALL', KEYS[2])
for at = 1, #owners, 2 do
  if owners[at + 1] == ARGV[1] then redis.call('HDEL', KEYS[2], owners[at]) end
end
`;

/**
 * Removes what all groups of a stream have settled.
 *
 * KEYS stream, then the delayed of each group. ARGV the groups. Returns how many; -1 if there is a group more.
 */
export const TRIM = `${FIELDS}${BEFORE}
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
if #groups ~= #ARGV or #groups == 0 then return -1 end
local least
local function keep(id)
  if not least or before(id, least) then least = id end
end
for at, group in ipairs(ARGV) do
  for _, member in ipairs(redis.call('ZRANGE', KEYS[at + 1], 0, -1)) do
    keep(string.match(member, '^%S+'))
  end
end
for _, reply in ipairs(groups) do
  local found = fields(reply)
  local smallest = redis.call('XPENDING', KEYS[1], found['name'])[2]
  if smallest then keep(smallest) end
  -- The last that was read is settled if nothing is pending; it may stay.
  keep(found['last-delivered-id'])
end
return redis.call('XTRIM', KEYS[1], 'MINID', least)
`;
