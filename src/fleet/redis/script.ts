/**
 * The script that decides in the store: the rules of one limit for one user, on the server's clock, in one step.
 *
 * A user is one string, `docs/fleet.md`:
 *
 *     last;tokens;blocked;cell cell ...        last;tokens;blocked:cell count cell count ...
 *
 * `last` and `blocked` (the end of a block, or nothing) are microseconds of the server's clock, `tokens` are thousandths at `last`.
 * A cell is the tick of an admission, rounded up, modulo 2^16, as in the core: three characters from `0` on, of six bits each.
 * Above a limit of 64 a cell may stand for many: then all are followed by their counts, of five such characters.
 *
 * Every number is one that the core would have, to the tick: `assembly/` has the rules and the reasons. One of its
 * shortcuts is not taken: here the tokens of a user are a number always.
 */

/** Takes the time from the server, in microseconds: a whole number. */
const SERVER_TIME = `
local time = redis.call('TIME')
local us = time[1] * 1000000 + time[2]`

/** For tests alone: takes it from the last argument. */
const GIVEN_TIME = `
local us = tonumber(table.remove(ARGV))`

const SCRIPT = `
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
local byte, char, sub = string.byte, string.char, string.sub
--TIME--
-- Few arguments of several numbers each: every argument costs the client and the server as much as several numbers in one.
local windowMs, limit, capacity, refill, beginning = string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
windowMs, limit, capacity, refill, beginning =
  tonumber(windowMs), tonumber(limit), tonumber(capacity) * 1000, tonumber(refill), tonumber(beginning)
local verb, stale, cost, within = string.match(ARGV[2], '^(%S+) (%S+) (%S+) (%S+)$')
stale, cost, within = tonumber(stale), tonumber(cost), tonumber(within)
local hasActivity = ARGV[3] ~= nil
-- A command that waited somewhere for its turn: whoever asked has gone on without.
if stale > 0 and us > stale * 1000 then return string.format('S0;%.0f;', us) end
if verb == 'begin' then
  local begun = redis.call('GET', KEYS[1])
  if not begun then
    begun = string.format('%.0f', us)
    redis.call('SET', KEYS[1], begun)
  end
  return string.format('A0;%.0f;', us) .. begun
end

local now = us / 1000
local perMs = 30000 / windowMs
local whole = perMs == floor(perMs)
local value = redis.call('GET', KEYS[1])

-- The commonest question, by itself: the rules of below, where there are no tokens, no counts, no block and no news. Making the
-- functions that the rest needs would take longer than all of this.
if verb == 'decide' and capacity == 0 and limit <= 64 and not hasActivity then
  local lastUs, cells = us, ''
  if value then lastUs, cells = string.match(value, '^(%d+);0;;(.*)$') end
  if lastUs and us >= tonumber(lastUs) then
    local ticks = whole and now * perMs or now * 30000 / windowMs
    local tick = floor(ticks) % 65536
    if now - lastUs / 1000 > windowMs + windowMs / 64 then
      cells = ''
    else
      local from, size = 1, #cells
      while from < size do
        local a, b, c = byte(cells, from, from + 2)
        if (tick + 1 - ((a - 48) * 4096 + (b - 48) * 64 + c - 48)) % 65536 <= 30000 then break end
        from = from + 3
      end
      if from > 1 then cells = sub(cells, from) end
    end
    local time = string.format('%.0f', us)
    if cost > within - #cells / 3 then return 'L0;' .. time .. ';' .. time .. ';0;;' .. cells end
    local cell = ceil(ticks) % 65536
    local written = char(48 + floor(cell / 4096), 48 + floor(cell / 64) % 64, 48 + cell % 64)
    if cost > 1 then written = string.rep(written, cost) end
    local text = time .. ';0;;' .. cells .. written
    local newest = (tick + 1 - cell) % 65536 - 1
    local keep = ceil((30001 - newest) * windowMs / 30000) + 1
    redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', min(4398046511104, keep)))
    return 'A0;' .. time .. ';' .. text
  end
end

local setBack = false
local last, tokens, blocked, cells, counted
if value then
  local lastUs, level, blockedUs, form, at = string.match(value, '^(%d+);([^;]*);(%d*)([;:])()')
  if not lastUs then return redis.error_reply('SPILLWAY there is something else at the key ' .. KEYS[1]) end
  last, tokens, blocked = lastUs / 1000, tonumber(level), blockedUs ~= '' and blockedUs / 1000 or -1
  cells, counted = sub(value, at), form == ':'
  -- Time never runs backwards: it waits for a clock that was set back a little. One that was set back by more than a window is
  -- gone by, below, as if no time had passed.
  if now < last then
    setBack = last - now > windowMs
    if not setBack then us = tonumber(lastUs) end
    now = last
  end
else
  last, tokens, blocked, cells, counted = -1, 0, -1, '', false
end

local function ticksAt(ms) return whole and ms * perMs or ms * 30000 / windowMs end
local ticks = ticksAt(now)
local tick = floor(ticks) % 65536
local function ageOf(cell) return (tick + 1 - cell) % 65536 - 1 end
local function cellAt(at)
  local a, b, c = byte(cells, at, at + 2)
  return (a - 48) * 4096 + (b - 48) * 64 + c - 48
end
local function write(cell) return char(48 + floor(cell / 4096), 48 + floor(cell / 64) % 64, 48 + cell % 64) end
local function writeCount(count) return write(floor(count / 4096)) .. sub(write(count % 4096), 2) end

local function unseen(ms) return min(capacity, max(0, ms - beginning) * refill) end
-- Brings the tokens to a time at which the user asks: only a gap earns, one longer than the pace of the limit.
local function ask(ms)
  if last < 0 then
    tokens = unseen(ms)
  else
    local gap = ms - max(last, blocked)
    if gap > windowMs / limit then tokens = min(capacity, tokens + gap * refill) end
  end
  last = ms
end

-- What has left the window goes.
local width = counted and 8 or 3
if last >= 0 and now - last > windowMs + windowMs / 64 then
  cells = ''
else
  local from = 1
  while from < #cells and ageOf(cellAt(from)) >= 30000 do from = from + width end
  if from > 1 then cells = sub(cells, from) end
end

-- Many at once, as lists: ages in ticks, the oldest first, and how many admissions each stands for.
local function unpackCells()
  local ages, counts = {}, {}
  for at = 1, #cells, width do
    ages[#ages + 1] = ageOf(cellAt(at))
    local count = 1
    if counted then
      count = 0
      for digit = at + 3, at + 7 do count = count * 64 + byte(cells, digit) - 48 end
    end
    counts[#counts + 1] = count
  end
  return ages, counts
end
local function packCells(ages, counts)
  if limit > 64 then
    -- Equal times are one, and of more than 64 neighbours merge where they are within a 31st of the window: one such pair there is.
    local most = 0
    for index = 1, #ages do
      if most > 0 and ages[most] == ages[index] then
        counts[most] = counts[most] + counts[index]
      else
        most = most + 1
        ages[most], counts[most] = ages[index], counts[index]
      end
    end
    while most > 64 do
      local kept, index = 1, 2
      while index <= most do
        local age, count = ages[index], counts[index]
        if index < most and ages[kept] - ages[index + 1] <= 967 then
          index = index + 1
          age, count = ages[index], count + counts[index]
        end
        kept = kept + 1
        ages[kept], counts[kept] = age, count
        index = index + 1
      end
      most = kept
    end
    for index = #ages, most + 1, -1 do ages[index] = nil end
  end
  local plain = true
  for index = 1, #ages do if counts[index] > 1 then plain = false end end
  counted, width = not plain, plain and 3 or 8
  local packed = {}
  for index = 1, #ages do
    local cell = write((tick - ages[index]) % 65536)
    packed[index] = plain and cell or cell .. writeCount(counts[index])
  end
  cells = table.concat(packed)
end
if setBack then
  local ages, counts = unpackCells()
  local left = blocked - last
  now = us / 1000
  last, blocked = now, left > 0 and now + left or -1
  ticks = ticksAt(now)
  tick = floor(ticks) % 65536
  packCells(ages, counts)
end
local function taken()
  if not counted then return #cells / 3 end
  local sum = 0
  local _, counts = unpackCells()
  for index = 1, #counts do sum = sum + counts[index] end
  return sum
end
local function push(places)
  local cell = ceil(ticks) % 65536
  if limit <= 64 and not counted then
    cells = cells .. string.rep(write(cell), places)
  else
    local ages, counts = unpackCells()
    ages[#ages + 1], counts[#counts + 1] = ageOf(cell), places
    packCells(ages, counts)
  end
end

local function record()
  return string.format('%.0f;%.17g;%s', last < 0 and us or last * 1000, last < 0 and unseen(now) or tokens,
    blocked > last and string.format('%.0f', blocked * 1000) or '') .. (counted and ':' or ';') .. cells
end
local function answer(status, text) return status .. string.format(';%.0f;', us) .. (text or record()) end
-- A user is kept until it is as one never seen: the window empty, no block, and the tokens made up for.
local function save(status)
  local ends = max(last + windowMs / limit, blocked)
  if #cells > 0 then
    local newest = ageOf(cellAt(#cells - width + 1))
    ends = max(ends, now + (30001 - newest) * windowMs / 30000)
  end
  if tokens < unseen(max(last, blocked)) then
    ends = max(ends, max(last, blocked) + max(windowMs / limit, (capacity - tokens) / refill), beginning + capacity / refill)
  end
  local text = record()
  redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', min(4398046511104, max(1, ceil(ends - now) + 1))))
  return answer(status, text)
end

-- What the process did meanwhile without asking, times as ages: first and last activity, milliseconds of the gaps between that earn,
-- tokens spent, places taken.
local first, earned, latest, spent = -1, 0, -1, 0
if hasActivity then
  first, earned, latest, spent = string.match(ARGV[3], '^(%S+) (%S+) (%S+) (%S+)$')
  first, earned, latest, spent = tonumber(first), tonumber(earned), tonumber(latest), tonumber(spent)
end
if first >= 0 then
  local from, to = now - first, now - latest
  local isNext = from >= last
  from = max(from, last)
  if blocked <= now then
    ask(from)
    if isNext then tokens = min(capacity, tokens + earned * refill) end
  end
  last = max(from, to)
end
if spent > 0 then tokens = tokens - spent * 1000 end
if #ARGV > 3 then
  local ages, counts = unpackCells()
  for index = 4, #ARGV do
    local ago = tonumber(ARGV[index])
    local age = ageOf(ceil(ticksAt(now - ago)) % 65536)
    -- Ticks are modulo 2^16: those of long ago would look new.
    if age < 30000 and ago <= windowMs then
      -- Without tokens, activity is not told.
      last = max(last, now - ago)
      local at = #ages
      while at > 0 and ages[at] < age do at = at - 1 end
      table.insert(ages, at + 1, age)
      table.insert(counts, at + 1, 1)
    end
  end
  -- Of more than the limit, those who leave last tell when there is a place again.
  local excess = #ages - limit - 64
  for _ = 1, excess do
    table.remove(ages, 1)
    table.remove(counts, 1)
  end
  packCells(ages, counts)
end

-- What was told must be kept, whatever is answered.
local function unchanged(status) return hasActivity and save(status) or answer(status) end

if verb == 'decide' then
  if blocked > now then return unchanged('B0') end
  ask(now)
  blocked = -1
  local base = min(cost, max(0, within - taken()))
  local burst = cost - base
  -- Spent by several processes at once, tokens may be owed; free places need none.
  if burst > 0 and burst * 1000 > tokens then
    -- Without tokens it does not matter when the user last asked.
    if capacity == 0 and not setBack then return unchanged('L0') end
    return save('L0')
  end
  if base > 0 then push(base) end
  tokens = tokens - burst * 1000
  return save('A' .. burst)
elseif verb == 'report' then
  return save('A0')
elseif verb == 'peek' then
  if blocked > now then return answer('B0') end
  ask(now)
  blocked = -1
  local burst = cost - min(cost, max(0, within - taken()))
  if burst > 0 and burst * 1000 > tokens then return answer('L0') end
  return answer('A' .. burst)
elseif verb == 'refund' then
  if last < 0 then return answer('A0') end
  local places, back = cost, within
  if counted then
    local ages, counts = unpackCells()
    while places > 0 and #ages > 0 do
      local part = min(places, counts[#counts])
      places, counts[#counts] = places - part, counts[#counts] - part
      if counts[#counts] == 0 then ages[#ages], counts[#counts] = nil, nil end
    end
    packCells(ages, counts)
  else
    cells = sub(cells, 1, max(0, #cells - 3 * places))
  end
  if back > 0 then tokens = tokens + min(back * 1000, max(0, unseen(min(now, max(last, blocked))) - tokens)) end
  return save('A0')
elseif verb == 'charge' then
  if blocked <= now then
    ask(now)
    blocked = -1
  end
  last = now
  local base = min(cost, max(0, limit - taken()))
  local burst = min(cost - base, floor(max(0, tokens) / 1000))
  if base > 0 then push(base) end
  tokens = tokens - burst * 1000
  return save('A' .. (cost - base - burst))
elseif verb == 'block' then
  if blocked <= now then ask(now) end
  last = now
  blocked = now + cost
  return save('B0')
elseif verb == 'unblock' then
  if blocked > now then
    last = now
    blocked = -1
    return save('A0')
  end
  return unchanged('A0')
end
return redis.error_reply('SPILLWAY there is no verb ' .. verb)
`

/** What is run in the store. */
export const script = SCRIPT.replace('--TIME--', SERVER_TIME)

/** The same at a time in microseconds that is given as one more argument: for tests, which judge it by the oracle. */
export const timedScript = SCRIPT.replace('--TIME--', GIVEN_TIME)
