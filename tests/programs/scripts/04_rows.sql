CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT, d REAL);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000)
INSERT INTO t SELECT i, (i*7919)%10007, 'text '||(i%313), i*0.125 FROM n;
COMMIT;
CREATE INDEX tb ON t(b); CREATE INDEX tc ON t(c,b);
SELECT count(*), sum(b), avg(d), min(c), max(c) FROM t;
SELECT c, count(*), sum(d) FROM t GROUP BY c ORDER BY 3 DESC LIMIT 5;
SELECT a FROM t WHERE b=5000 ORDER BY a LIMIT 5;
SELECT count(*) FROM t x JOIN t y ON y.a=x.b WHERE x.c='text 7';
UPDATE t SET d=d*2 WHERE b%2=0; DELETE FROM t WHERE a%5=0;
SELECT count(*), round(sum(d),3), printf('%.6f|%08x|%e', avg(d), max(a), avg(d)) FROM t;
SELECT a, row_number() OVER (PARTITION BY c ORDER BY d DESC) r FROM t WHERE c='text 9' ORDER BY a LIMIT 8;
PRAGMA integrity_check;
