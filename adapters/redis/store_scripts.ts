/**
 * Claims a key unless it is claimed or done.
 *
 * KEYS key, tokens. ARGV lease in milliseconds, what stands for done. Returns 0 and the token; 1 and the
 * milliseconds that somebody else still has it; or 2 if it was done.
 */
export const CLAIM = `
local held = redis.call('GET', KEYS[1])
if held == ARGV[2] then return { 2, 0 } end
if held then return { 1, redis.call('PTTL', KEYS[1]) } end
-- The clock goes on where the counter was lost, the counter where the clock was set back.
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
local token = math.max(last + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[2], string.format('%.0f', token))
if ARGV[1] ~= '0' then
  redis.call('SET', KEYS[1], string.format('%.0f', token), 'PX', ARGV[1])
end
return { 0, token }
`;

/**
 * Writes something else for a claim that is still held.
 *
 * KEYS key. ARGV token, value, milliseconds that it lasts; with 0 it is gone at once. Returns 1, or 0 if
 * the claim was lost.
 */
export const CHANGE_CLAIM = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
`;
