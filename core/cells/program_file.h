/* The cell's program, which is part of this library, as a file that can be started. */
#ifndef MOTTE_CELLS_PROGRAM_FILE_H
#define MOTTE_CELLS_PROGRAM_FILE_H

/* A descriptor of a sealed file in memory; -1, and in words why. */
int program_file_create(const char **problem);

/* A file in memory that nobody can execute, of this size for ever; -1 if the host refuses. */
int memory_file_create(const char *name, long size);

#endif
