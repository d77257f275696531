-- Coroutines, generators, errors inside them, yields across protected calls and metamethods.
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0
for i in range(1000) do sum = sum + i end
print(sum)

local failing = coroutine.create(function() coroutine.yield(1); error("inside") end)
print(coroutine.resume(failing))
print(coroutine.resume(failing))
print(coroutine.resume(failing))
print(coroutine.status(failing))

local through = coroutine.wrap(function()
  local ok, message = pcall(function()
    coroutine.yield("out of pcall")
    error("after the yield", 0)
  end)
  coroutine.yield(tostring(ok) .. " " .. message)
  local object = setmetatable({}, {__add = function(_, n) return coroutine.yield(n) end})
  return object + 5
end)
print(through(), through(), through(), through("result"))

local closed = {}
local pending = coroutine.create(function()
  local guard <close> = setmetatable({}, {__close = function() closed[1] = "closed" end})
  coroutine.yield()
end)
coroutine.resume(pending)
print(coroutine.close(pending), closed[1])
print(coroutine.isyieldable(), select(2, coroutine.running()))

-- The sieve: a chain of filters, each a coroutine.
local function numbers(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
local function filter(prime, source)
  return coroutine.wrap(function() for n in source do if n % prime ~= 0 then coroutine.yield(n) end end end)
end
local source, primes = numbers(400), {}
while true do
  local prime = source()
  if not prime then break end
  primes[#primes + 1] = prime
  source = filter(prime, source)
end
print(#primes, table.concat(primes, " ", #primes - 5))

-- Resuming inside resuming, until C has enough.
local depth = 0
local function deeper() depth = depth + 1; return coroutine.wrap(deeper)() end
print((select(2, pcall(deeper)):match("C stack overflow")))
print(pcall(coroutine.wrap(function() return pcall(pcall, error, "e") end)))
