/* A small table that counts words. */
#ifndef TABLE_H
#define TABLE_H

void table_add(const char *word);
int table_count(const char *word);

#endif
