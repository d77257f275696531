-- The rest of the language: closures, goto, metatables, patterns, numbers, strings, collection.
local function counter() local n = 0; return function() n = n + 1; return n end end
local a, b = counter(), counter()
print(a(), a(), b(), a())

for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    io.write(i, ":", j, " ")
    ::continue::
  end
end
print()
do local k = 0; ::again:: k = k + 1; if k < 5 then goto again end; print(k) end

local Point = {}
Point.__index = Point
Point.__add = function(p, q) return setmetatable({x = p.x + q.x, y = p.y + q.y}, Point) end
Point.__eq = function(p, q) return p.x == q.x and p.y == q.y end
Point.__lt = function(p, q) return p.x < q.x end
Point.__le = function(p, q) return p.x <= q.x end
Point.__tostring = function(p) return ("(%g, %g)"):format(p.x, p.y) end
Point.__call = function(p, factor) return setmetatable({x = p.x * factor, y = p.y * factor}, Point) end
Point.__concat = function(p, q) return tostring(p) .. tostring(q) end
Point.__len = function() return 2 end
local function point(x, y) return setmetatable({x = x, y = y}, Point) end
local p, q = point(1, 2), point(3, 4)
print(tostring(p + q), p == point(1, 2), p < q, p <= q, tostring(p(10)), p .. q, #p)

print(("hello world from Lua"):gsub("(%w+) (%w+)", "%2 %1"))
print(("key = value; other=thing"):match("(%w+)%s*=%s*(%w+)"))
for word, at in ("one two  three"):gmatch("(%a+)()") do io.write(word, "@", at, " ") end
print(("x"):rep(3, "-"), ("%5.2f|%-6d|%06x|%q|%s"):format(3.14159, 42, 255, "a\nb\0c", true))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("äöü"):len(), utf8.len("äöü"))
print(string.pack("<i4z", 7, "text"):byte(1, -1))
print(utf8.char(72, 228, 8364, 128512), #utf8.char(128512))

print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2^10, 7 / 2, 1e15, 1e100, 0x10, 0x.8p1)
print(math.maxinteger + 1 == math.mininteger, math.ult(1, -1), 5 // 0.0, -5 % math.huge, 3 | 4 ~ 1, ~0, 1 << 63, 1 << 64)
print(tostring(1e15), 2^53, 123456789012345678, 0.1, 1/3, 100 // 1e-320, tostring(-0.0))
print(tonumber("0x1p4"), tonumber("  12  "), tonumber("12a"), tonumber("z", 36), math.type(1), math.type(1.0))
print(string.format("%a %.3e %g", 0.5, 12345.678, 1e20), math.floor(-3.5), math.fmod(-7, 3), math.sqrt(2))

local list = {}
for i = 1, 200 do list[i] = (i * 7919) % 211 end
table.sort(list)
print(table.concat(list, ",", 1, 10), select("#", table.unpack(list)), table.concat(table.move(list, 1, 3, 2), ",", 1, 5))
table.sort(list, function(x, y) return x > y end)
print(list[1], list[200], #list)

local weak = setmetatable({}, {__mode = "k"})
for i = 1, 100 do weak[{}] = i end
collectgarbage()
print(next(weak) == nil)
local finalised = 0
for i = 1, 50 do setmetatable({}, {__gc = function() finalised = finalised + 1 end}) end
collectgarbage()
print(finalised)
collectgarbage("generational")
local junk = {}
for i = 1, 200000 do junk[i % 100] = {i, tostring(i)} end
collectgarbage("incremental")
print(#junk, collectgarbage("count") < 20000)

local environment = {print = print}
local chunk = load("x = 5; print(x); return function() return x end", "chunk", "t", environment)
print(chunk()(), environment.x, x)
print(pcall(load(string.dump(function(...) return ... end), "binary", "b"), 1, 2))
print(select(-1, 1, 2, 3), (function(...) return select("#", ...) end)(nil, nil))
local t <const> = {10, 20, 30, nil}
print(#t, next({}), rawlen(t), rawequal(t, t), rawget(t, 2))
print(os.time({year = 2001, month = 9, day = 9, hour = 1, min = 46, sec = 40}), os.date("!%Y-%m-%d %H:%M:%S", 0))
print(require("string") == string, package.loaded.math == math, type(os.clock()), os.getenv("NOTHING"))
