SELECT json('{"a":[1,2.5,"three",null,true]}');
SELECT json_extract('{"a":{"b":[10,20,30]}}','$.a.b[1]'), '{"x":7}'->>'x';
SELECT key, value, type FROM json_each('{"one":1,"two":[2],"three":{"n":3}}');
SELECT json_group_array(i*i) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10) SELECT i FROM n);
SELECT json_set('{"a":1}','$.b',json('[1,2]'),'$.a',9), json_remove('{"a":1,"b":2}','$.a');
SELECT json_valid('{"a":}'), json_type('[1]'), json_array_length('[1,2,3]');
SELECT path, atom FROM json_tree('{"p":[{"q":1},{"q":2}]}') WHERE atom IS NOT NULL;
