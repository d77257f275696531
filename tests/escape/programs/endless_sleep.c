/* idea: hold a slot without using the CPU
   stopped by: the wall-time limit interrupts a blocking call
   wall_time: 0.2
   expect: 124 WALL_LIMIT */
#include <unistd.h>
int main(void)
{
    for (;;)
        sleep(1000);
}
