/*
 * What Swift imports. A generated struct holds pointers, for which Swift's strict memory safety would call all of it
 * unsafe, its numbers too. Here only the pointers are: copying a struct follows none of them.
 */
#ifndef CTASKWIRE_PROTOS_H
#define CTASKWIRE_PROTOS_H

#pragma clang attribute push(__attribute__((swift_attr("safe"))), apply_to = record)
#include "taskwire/v1/task.pb-c.h"
#include "taskwire/v1/rpc.pb-c.h"
#include "taskwire/v1/task_service.pb-c.h"
#include "taskwire/v1/descriptor_set.h"
#include "taskwire/storage/v1/record.pb-c.h"
#pragma clang attribute pop

#endif
