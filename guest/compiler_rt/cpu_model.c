/*
 * What `__builtin_cpu_supports` and `__builtin_cpu_is` read.  A guest cannot ask
 * the CPU, and need not: it was compiled for the features that it may use.  All
 * fields are zero, so such a program takes its portable path.
 */

struct {
    unsigned vendor, type, subtype, features[1];
} __cpu_model;

unsigned __cpu_features2[3];

int __cpu_indicator_init(void)
{
    return 0;
}
