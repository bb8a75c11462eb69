/*
 * catalog - message ids of the chief events, as systemd/gatewayd.catalog explains them to who asks journalctl -x.
 */
#ifndef GATEWAYD_IO_CATALOG_H
#define GATEWAYD_IO_CATALOG_H

#include "gatewayd/core/gateway.h"

#define CATALOG_DATABASE_DAMAGED "0de0897ba02e49be9feff206923a027f"
#define CATALOG_BUS_LOST         "53723a2ad03945ffa2cf818d12dbf797"

/* NULL for GATEWAY_EVENT_NONE */
const char *catalog_message_id(enum gateway_event event);

#endif
