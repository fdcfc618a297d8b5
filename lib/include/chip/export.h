/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h - what libchip lets out.
 *
 * The library is built with -fvisibility=hidden; a function is part of the interface exactly
 * when its declaration (or, for error.h, its definition) carries CHIP_API.
 */
#ifndef CHIP_EXPORT_H
#define CHIP_EXPORT_H

#define CHIP_API __attribute__((visibility("default")))

#endif
