function deep(n) { if (n == 0) throw new RangeError("bottom"); try { deep(n - 1); } finally { count++; } }
let count = 0;
try { deep(60); } catch (e) { print(e.name, e.message, count, e instanceof RangeError); }
try { null.x; } catch (e) { print(e.constructor.name); }
try { undefinedName; } catch ({ name }) { print(name); }
try { JSON.parse("{bad"); } catch (e) { print(e.name); }
try { (function f() { f(); })(); } catch (e) { print(e.name, e.message); }
const order = []; (() => { try { order.push(1); return order; } finally { order.push(2); } })(); print(order);
label: for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) { if (j == 3) continue label; if (i == 3) break label; order.push(i * j); }
print(order.join());
throw new TypeError("the end");
