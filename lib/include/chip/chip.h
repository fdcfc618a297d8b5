/* SPDX-License-Identifier: Apache-2.0 */
/* chip.h - all of libchip's public interface. */
#ifndef CHIP_CHIP_H
#define CHIP_CHIP_H

#include <chip/blob.h>
#include <chip/bootstrap.h>
#include <chip/child.h>
#include <chip/comm.h>
#include <chip/control.h>
#include <chip/device.h>
#include <chip/error.h>
#include <chip/export.h>
#include <chip/kernel.h>
#include <chip/mailbox.h>
#include <chip/worker.h>

#endif
