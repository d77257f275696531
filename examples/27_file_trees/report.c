/* Counts the words of every file in /data/in, writes a report to /data/out, and then whatever there is room for. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int words_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char word[100];
    int count = 0;
    while (file && fscanf(file, "%99s", word) == 1)
        count++;
    if (file)
        fclose(file);
    return count;
}

int main(void)
{
    mkdir("/data/out", 0755);
    DIR *directory = opendir("/data/in");
    FILE *report = fopen("/data/out/report.tmp", "w");
    if (!directory || !report) {
        perror("/data");
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[300];
        snprintf(path, sizeof path, "/data/in/%s", entry->d_name);
        if (entry->d_name[0] != '.')
            fprintf(report, "%s %d\n", entry->d_name, words_of(path));
    }
    closedir(directory);
    fclose(report);
    rename("/data/out/report.tmp", "/data/out/report.txt");

    FILE *big = fopen("/data/out/big", "w");
    char block[4096] = {0};
    long size = 0;
    while (big && fwrite(block, 1, sizeof block, big) == sizeof block && fflush(big) == 0)
        size += (long)sizeof block;
    printf("%s after %s\n", strerror(errno), size > 100000 ? "more than 100 kB" : "little");
    return 0;
}
