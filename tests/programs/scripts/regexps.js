print("2024-03-05".replace(/(\d+)-(\d+)-(\d+)/, "$3.$2.$1"));
print("the cat sat on the mat".match(/\b\w*at\b/g).join("|"));
print(/^(?<user>[^@]+)@(?<host>[\w.]+)$/.exec("guest@keep.example").groups.host);
print("aBcDeF".replace(/[a-z]/g, c => c.toUpperCase() + "."), "a1b22c333".split(/\d+/));
print(/(a+)+b/.test("aaaaaaaaaaaaaaaaaaaab"), "x".padStart(5, "ab"), "ünïcödé".normalize("NFD").length);
print([..."key1=a;key2=b".matchAll(/(\w+)=(\w+)/g)].map(m => m[1] + ":" + m[2]).join());
print(/(?<=\$)\d+(\.\d\d)?/.exec("cost $42.50")[0], /\p{Lu}/u.test("É"), "a\nb".match(/^b$/m)[0]);
