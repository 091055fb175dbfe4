#pragma once
#include <stdint.h>

/// Allocations of the whole process since it began, by whatever function.
uint64_t callocationcounter_count(void);
