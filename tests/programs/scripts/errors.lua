-- Errors of every kind, caught at every depth: each one is a long jump.
local function shown(ok, ...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = type(values[i]) == "table" and "table" or tostring(values[i]) end
  print(ok, table.concat(values, ", "))
end

shown(pcall(error, "plain"))
shown(pcall(error, "with a level", 2))
shown(pcall(error, {code = 7}))
shown(pcall(error))
shown(pcall(function() local nothing; return nothing.field end))
shown(pcall(function() return 1 + {} end))
shown(pcall(function() return #5 end))
shown(pcall(function() return "a" < 1 end))
shown(pcall(function() return 1 // 0 end))
shown(pcall(function() return math.tointeger(2^53) | 1.5 end))
shown(pcall(string.rep, "x", 1 << 40))
shown(pcall(string.format, "%d", "not a number"))
shown(pcall(setmetatable, 1, {}))
print(pcall(load("return 1, 2")))
shown(load("x ="))
shown(load("goto nowhere"))
shown(load("for i = 1 do end", "=chunk"))

-- Handlers, tracebacks, errors in handlers.
shown(xpcall(function() error("handled") end, function(message) return "handler saw: " .. message end))
shown(xpcall(function() error("first") end, function() error("second") end))
print((xpcall(function() error("traced") end, debug.traceback)))

-- Through C functions that call back.
shown(pcall(table.sort, {3, 1, 2}, function() error("in the comparison") end))
shown(pcall(string.gsub, "text", "%w", function(letter) if letter == "x" then error("at x") end end))
shown(pcall(table.concat, setmetatable({}, {__len = function() error("in a metamethod") end})))

-- Deep recursion, and the stack's own limit.
local function down(n) if n == 0 then error("bottom", 0) end return 1 + down(n - 1) end
shown(pcall(down, 10000))
local function endless() return 1 + endless() end
print(select(2, pcall(endless)):match("stack overflow"))
local function nested(n) if n == 0 then error("inside", 0) end return select(2, pcall(nested, n - 1)) end
print(nested(150))

-- Variables to be closed are closed on the way.
local log = {}
local function closing(name)
  return setmetatable({}, {__close = function(_, err) log[#log + 1] = name .. ":" .. tostring(err) end})
end
shown(pcall(function()
  local outer <close> = closing("outer")
  local inner <close> = closing("inner")
  error("leaving", 0)
end))
print(table.concat(log, " "))

local caught = 0
for i = 1, 100000 do
  if not pcall(error, i) then caught = caught + 1 end
end
print(caught)

os.exit(3, true)
