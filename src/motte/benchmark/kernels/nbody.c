/* Five bodies under gravity: scalar floating point with divisions and square roots. */
#include "measure.h"
#include <math.h>

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static uint64_t kernel(void)
{
    struct body bodies[5] = {
        {0, 0, 0, 0, 0, 0, 39.47},
        {4.84, -1.16, -0.10, 0.60, 2.81, -0.02, 0.037},
        {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011},
        {12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017},
        {15.37, -25.9, 0.17, 0.97, 0.59, -0.03, 0.002},
    };
    for (int step = 0; step < 60000; step++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                struct body *p = &bodies[i], *q = &bodies[j];
                double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
                double square = dx * dx + dy * dy + dz * dz;
                double strength = 0.001 / (square * sqrt(square));
                p->vx -= dx * q->mass * strength;
                p->vy -= dy * q->mass * strength;
                p->vz -= dz * q->mass * strength;
                q->vx += dx * p->mass * strength;
                q->vy += dy * p->mass * strength;
                q->vz += dz * p->mass * strength;
            }
        for (int i = 0; i < 5; i++) {
            bodies[i].x += 0.001 * bodies[i].vx;
            bodies[i].y += 0.001 * bodies[i].vy;
            bodies[i].z += 0.001 * bodies[i].vz;
        }
    }
    /* Contraction into fused operations may differ between targets: compare few digits. */
    return (uint64_t)(int64_t)(bodies[0].x * 1000) + ((uint64_t)(int64_t)(bodies[1].x * 100) << 32);
}
