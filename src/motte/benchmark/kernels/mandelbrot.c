/* Escape times in double precision: a latency-bound loop. */
#include "measure.h"
#pragma STDC FP_CONTRACT OFF /* the border is chaotic: fused operations would count other steps */

static uint64_t kernel(void)
{
    uint64_t sum = 0;
    for (int py = 0; py < 160; py++)
        for (int px = 0; px < 160; px++) {
            double cx = px * (3.0 / 160) - 2.0, cy = py * (2.0 / 160) - 1.0, x = 0, y = 0;
            int steps = 0;
            while (x * x + y * y < 4 && steps < 200) {
                double next = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = next;
                steps++;
            }
            sum += (uint64_t)steps;
        }
    return sum;
}
