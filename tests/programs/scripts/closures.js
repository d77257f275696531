function counter() { let n = 0; return { up: () => ++n, down: () => --n, get value() { return n; } }; }
const a = counter(), b = counter();
a.up(); a.up(); b.down();
print(a.value, b.value);
const compose = (...fs) => x => fs.reduceRight((v, f) => f(v), x);
print(compose(x => x + 1, x => x * 2)(5));
function* squares(n) { for (let i = 0; i < n; i++) yield i * i; }
print([...squares(10)].join());
class Shape { area() { return 0; } toString() { return `${this.constructor.name}(${this.area().toFixed(3)})`; } }
class Circle extends Shape { constructor(r) { super(); this.r = r; } area() { return Math.PI * this.r ** 2; } }
class Square extends Shape { constructor(s) { super(); this.s = s; } area() { return this.s ** 2; } }
print([new Circle(1), new Square(3)].map(String).join(" "));
const { x, ...rest } = { x: 1, y: 2, z: [3, { w: 4 }] };
print(x, JSON.stringify(rest));
print([3, 1, 2].sort().map(n => n.toString(2)), new Map([[1, "a"], ["k", "b"]]).size, new Set([1, 1, 2]).size);
Promise.resolve(7).then(v => print("never printed without a job loop", v));
print(typeof Symbol.iterator, 0.1 + 0.2, 1 / 3, 1e21, -0, 123456789012345680000, (25).toString(36));
print(2n ** 100n, (-7n) / 2n, BigInt("123456789012345678901234567890") % 97n);
