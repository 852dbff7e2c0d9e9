// What glibc says of its allocator beyond the C standard, which Swift's Glibc leaves out.
#include <malloc.h>
