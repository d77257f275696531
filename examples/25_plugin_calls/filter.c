/* A library for pictures: called with arrays of NumPy's or of Python's own, and with somebody to tell how far it is. */

#include <motte.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void progress(int percent, const char *what) MOTTE_HOST("progress");

struct statistics {
    uint8_t least, most;
    double mean;
};

void measure(const uint8_t *pixels, size_t count, struct statistics *found)
{
    uint64_t sum = 0;
    found->least = 255;
    found->most = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pixels[i];
        found->least = pixels[i] < found->least ? pixels[i] : found->least;
        found->most = pixels[i] > found->most ? pixels[i] : found->most;
    }
    found->mean = count ? (double)sum / (double)count : 0;
}

/* Each pixel becomes the mean of itself and its two neighbours. */
void blur(uint8_t *pixels, size_t width, size_t height)
{
    for (size_t row = 0; row < height; row++) {
        uint8_t *line = pixels + row * width, before = line[0];
        for (size_t i = 0; i < width; i++) {
            uint8_t next = line[i + 1 < width ? i + 1 : i], here = line[i];
            line[i] = (uint8_t)((before + here + next) / 3);
            before = here;
        }
        if ((row + 1) * 4 % height == 0)
            progress((int)((row + 1) * 100 / height), "blur");
    }
}

/* As plugins are: sometimes wrong. */
int brightest(const uint8_t *pixels, size_t count)
{
    size_t best = 0;
    for (size_t i = 0; i <= count * 100000; i++)
        if (pixels[i] > pixels[best])
            best = i;
    return (int)best;
}

void think(void)
{
    for (;;)
        __asm__ volatile("");
}
