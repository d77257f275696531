CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER CHECK(balance>=0));
CREATE TABLE log(at INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER, old INTEGER, new INTEGER);
CREATE TRIGGER changed AFTER UPDATE OF balance ON account BEGIN
  INSERT INTO log(id,old,new) VALUES (new.id, old.balance, new.balance);
END;
INSERT INTO account VALUES (1,100),(2,50);
BEGIN; UPDATE account SET balance=balance-30 WHERE id=1; UPDATE account SET balance=balance+30 WHERE id=2; COMMIT;
BEGIN; UPDATE account SET balance=balance-10 WHERE id=1; ROLLBACK;
SAVEPOINT s; UPDATE account SET balance=0; ROLLBACK TO s; RELEASE s;
UPDATE OR IGNORE account SET balance=balance-500 WHERE id=2;
SELECT * FROM account; SELECT * FROM log;
CREATE VIEW rich AS SELECT id FROM account WHERE balance>75;
SELECT * FROM rich;
