SELECT sqlite_version() IS NOT NULL, abs(-5), round(2.567,2), upper('motte'), substr('bailey',2,3), replace('a-b-c','-','+');
SELECT strftime('%Y-%m-%d %H:%M:%S', 1700000000, 'unixepoch'), date('2024-02-28','+2 days'), julianday('2000-01-01');
SELECT hex('abc'), quote('it''s'), length(zeroblob(100)), instr('moat','a'), trim('  x '), unicode('é'), char(77,111);
SELECT 1e308*10, -1e308*10, 9223372036854775807+1, 5/2, -5/2, -5%3, 5.0/2, 1<<62, ~5;
SELECT printf('%d %5d %-5d| %05d %+d %x %o %c %s %q', 1,2,3,4,5,255,8,'z','s','q''q');
SELECT printf('%.17g %.3e %g %f', 0.1, 12345.678, 1e-10, 1.0/3);
SELECT group_concat(x,'/') FROM (SELECT 'a' x UNION ALL SELECT 'b' UNION ALL SELECT 'c');
SELECT 'abc' GLOB 'a*', 'abc' LIKE 'A%', 'abc' BETWEEN 'abb' AND 'abd', NULL IS NULL, CASE 3 WHEN 1 THEN 'x' ELSE 'y' END;
SELECT sum(x), total(x), avg(x) FROM (SELECT 1 x UNION ALL SELECT 2.5 UNION ALL SELECT NULL);
.mode column
.headers on
SELECT 1 AS one, 'two' AS deux, 3.5 AS drei;
.mode json
SELECT 1 AS one, 'two' AS deux, NULL AS none;
.mode insert
SELECT 1, 'x''y', 2.5, NULL;
