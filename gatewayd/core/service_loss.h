/*
 * service_loss - the functions that an update takes from the driver: told before they are lost, when they are lost, and
 * when they are back or were not lost after all. Private to gatewayd/core.
 *
 * What is so follows from the campaign's state alone; what was told last is durable with it, so that a restart in the
 * middle neither tells anything twice nor forgets to say that it is over. An announcement whose time is still to come
 * goes on after a restart; one whose time has passed is told again, with a new one. Between two runs of a campaign the
 * functions stay lost where the next one begins sooner than it could be announced.
 */
#ifndef GATEWAYD_CORE_SERVICE_LOSS_H
#define GATEWAYD_CORE_SERVICE_LOSS_H

#include "gatewayd/core/gateway.h"

/* the daemon starts: what was announced is told anew only if it cannot be as it was told */
void service_loss_resume(struct gateway *self, uint8_t index, uint64_t now_us);
/* how long the first erase has to wait for it still, the whole time if it is not announced yet; microseconds */
uint64_t service_loss_notice_us(const struct gateway *self, uint8_t index, uint64_t now_us);
/* Return: true while the first erase waits for the notice; from the first call on its time runs. Never for a campaign
 * that costs no function, whose loss has begun, or that has an ECU erased */
bool service_loss_wait(struct gateway *self, uint8_t index, uint64_t now_us);
/* tells what has changed */
void service_loss_settle(struct gateway *self, uint8_t index, uint64_t now_us);
/* when there may be something to tell; 0 or GATEWAY_NEVER: at no time that is known */
uint64_t service_loss_deadline(const struct gateway *self, uint8_t index);

#endif
