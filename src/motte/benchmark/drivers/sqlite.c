/* SQLite in memory: inserts in a transaction, an index, joins, aggregates, JSON and a delete. */
#include "measure.h"
#include "sqlite3.h"

static sqlite3 *database;

static uint64_t query(const char *sql)
{
    sqlite3_stmt *statement;
    uint64_t sum = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
        exit(1);
    }
    while (sqlite3_step(statement) == SQLITE_ROW)
        sum = sum * 31 + (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return sum;
}

static uint64_t kernel(void)
{
    if (sqlite3_open(":memory:", &database) != SQLITE_OK)
        exit(1);
    query("CREATE TABLE part(id INTEGER PRIMARY KEY, kind INTEGER, name TEXT, price REAL)");
    query("BEGIN");
    query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
          "INSERT INTO part SELECT i, i * 7919 % 97, 'part ' || (i * 31 % 20011), i * 0.25 FROM n");
    query("COMMIT");
    query("CREATE INDEX by_name ON part(name)");
    uint64_t sum = query("SELECT count(*) FROM part a JOIN part b ON b.id = a.kind + 1 WHERE a.price > 100");
    sum += query("SELECT kind * 1000 + count(*) FROM part WHERE name LIKE 'part 1%' GROUP BY kind ORDER BY sum(price)");
    sum += query("SELECT id FROM part WHERE name > 'part 5' ORDER BY name LIMIT 500");
    sum += query("SELECT sum(json_extract(json_object('a', id, 'b', name), '$.a')) FROM part WHERE id < 4000");
    query("DELETE FROM part WHERE id % 3 = 0");
    sum += query("SELECT count(*) FROM part");
    sqlite3_close(database);
    return sum;
}
