// sys/time.h comes first: hiredis 0.14 does not include what declares timeval for every platform.
#include <sys/time.h>
#include <hiredis/hiredis.h>
