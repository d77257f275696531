#include "request.h"

int motte_meter_create(int meter)
{
    return __motte_request(meter, MOTTE_METER_CREATE, &(struct request){.handles = 1, .timeout = -1});
}

int motte_meter_figures(int meter, struct motte_meter_figures *figures)
{
    return __motte_request_record(meter, MOTTE_METER_FIGURES, figures, sizeof *figures);
}

long motte_meter_used(int meter)
{
    struct motte_meter_figures figures;
    int result = motte_meter_figures(meter, &figures);
    return result < 0 ? result : (long)figures.used;
}

int motte_meter_budget(int meter, unsigned long budget)
{
    return __motte_request_size(meter, MOTTE_METER_BUDGET, budget);
}

int motte_meter_refill(int meter, unsigned long more)
{
    return __motte_request_size(meter, MOTTE_METER_REFILL, more);
}

int motte_meter_rate(int meter, unsigned long millionths)
{
    return __motte_request_size(meter, MOTTE_METER_RATE, millionths);
}

int motte_meter_weight(int meter, unsigned long weight)
{
    return __motte_request_size(meter, MOTTE_METER_WEIGHT, weight);
}

int motte_meter_off(int meter)
{
    return __motte_request_size(meter, MOTTE_METER_SWITCH, 0);
}

int motte_meter_on(int meter)
{
    return __motte_request_size(meter, MOTTE_METER_SWITCH, 1);
}
