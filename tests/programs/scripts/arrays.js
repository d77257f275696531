const big = Array.from({ length: 200000 }, (_, i) => (i * 7919) % 100003);
print(big.length, big.reduce((a, b) => a + b, 0), Math.max(...big.slice(0, 1000)));
big.sort((a, b) => a - b);
print(big[0], big[99999], big[199999], big.indexOf(500), big.findIndex(v => v > 50000));
const typed = new Float64Array(100000); for (let i = 0; i < typed.length; i++) typed[i] = Math.sqrt(i);
print(typed.reduce((a, b) => a + b).toFixed(6), new Uint8Array([1, 300, -1]).join(), new DataView(new ArrayBuffer(8)).byteLength);
const grid = []; for (let y = 0; y < 300; y++) { grid.push([]); for (let x = 0; x < 300; x++) grid[y][x] = x ^ y; }
print(grid.flat().filter(v => v % 7 == 0).length, grid[299].slice(-3), grid.map(r => r[5]).slice(0, 4));
let text = ""; for (let i = 0; i < 50000; i++) text += String.fromCharCode(97 + i % 26); print(text.length, text.lastIndexOf("abc"));
const words = {}; for (let i = 0; i < 100000; i++) { const k = "w" + (i * i) % 977; words[k] = (words[k] || 0) + 1; }
print(Object.keys(words).length, Object.entries(words).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0].join());
big.splice(10, 199980); big.length = 15; print(big.length, big.concat([1, [2, [3]]]).flat(Infinity).length);
