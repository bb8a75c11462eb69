#!/usr/bin/python3
"""scapy_ecu.py BUS BASE SIZE OUT - an ECU made of Scapy's ISO-TP and UDS, to be flashed at BASE; says "ready".

What it received lies in OUT after each accepted check. Ends by SIGTERM.
Needs Debian's python3-scapy, so Debian's own python3: the one on PATH may be another."""
import sys
import zlib

from scapy_bus import UDS, uds_socket
from scapy.contrib.automotive import uds
from scapy.contrib.isotp import ISOTPSoftSocket

KEY = bytes.fromhex("a55a0ff0")
SEED = bytes.fromhex("1122334455667788")
REQUEST, RESPONSE, FUNCTIONAL = 0x7E0, 0x7E8, 0x7DF
MAX_BLOCK = 258
SECURED = {0x2E, 0x34, 0x36, 0x37}


class Refused(Exception):
    pass


class Ecu:
    def __init__(self, base, size, out):
        self.base, self.out = base, out
        self.memory = bytearray(b"\xff" * size)
        self.version = b"scapy-none"
        self.session = 1
        self.unlocked = self.seed_open = False
        self.fingerprint = b""
        self.at = self.left = 0
        self.counter = None

    def enter(self, session):
        self.session = session
        self.unlocked = self.seed_open = False
        self.counter = None

    def range_of(self, address, size):
        at = address - self.base
        if at < 0 or not size or at + size > len(self.memory):
            raise Refused(0x31)
        return at

    def diagnostic_session_control(self, request):
        if request.diagnosticSessionType & 0x7F not in (1, 2, 3):
            raise Refused(0x12)
        self.enter(request.diagnosticSessionType & 0x7F)
        return uds.UDS_DSCPR(diagnosticSessionType=self.session, sessionParameterRecord=b"\x00\x64\x01\xf4")

    def ecu_reset(self, request):
        self.enter(1)
        return uds.UDS_ERPR(resetType=request.resetType)

    def security_access(self, request):
        if request.securityAccessType == 1:
            self.seed_open = True
            return uds.UDS_SAPR(securityAccessType=1, securitySeed=bytes(8) if self.unlocked else SEED)
        if request.securityAccessType != 2:
            raise Refused(0x12)
        if not self.seed_open:
            raise Refused(0x24)
        self.seed_open = False
        if request.securityKey != bytes(byte ^ KEY[at % len(KEY)] for at, byte in enumerate(SEED)):
            raise Refused(0x35)
        self.unlocked = True
        return uds.UDS_SAPR(securityAccessType=2)

    def read(self, request):
        answer, values = None, {0xF180: b"scapy-boot", 0xF181: self.version, 0xF182: b"scapy-data",
                                0xF18C: b"SCAPY-000001", 0xF191: b"SCAPY-HW", 0xF15B: self.fingerprint}
        for identifier in request.identifiers:
            if identifier not in values:
                continue
            part = uds.UDS_RDBIPR(dataIdentifier=identifier) / values[identifier]
            answer = part if answer is None else answer / bytes(part)
        if answer is None:
            raise Refused(0x31)
        return answer

    def write(self, request):
        if request.dataIdentifier != 0xF15A:
            raise Refused(0x31)
        self.fingerprint = bytes(request[uds.UDS_WDBI].payload)
        return uds.UDS_WDBIPR(dataIdentifier=request.dataIdentifier)

    def routine(self, request):
        option = bytes(request[uds.UDS_RC].payload)
        passed = True
        if request.routineControlType & 0x7F != 1:
            raise Refused(0x12)
        if request.routineIdentifier in (0xFF00, 0x0202, 0xFF01) and not self.unlocked:
            raise Refused(0x33)
        if request.routineIdentifier == 0xFF00:
            if len(option) != 9 or option[0] != 0x44 or not self.fingerprint:
                raise Refused(0x31)
            size = int.from_bytes(option[5:], "big")
            at = self.range_of(int.from_bytes(option[1:5], "big"), size)
            self.memory[at:at + size] = b"\xff" * size
            self.version = b"scapy-none"
        elif request.routineIdentifier == 0x0202:
            passed = len(option) == 4 and zlib.crc32(self.received) == int.from_bytes(option, "big")
            if passed:
                self.version = b"scapy-%08x" % zlib.crc32(self.received)
                with open(self.out, "wb") as file:
                    file.write(self.received)
        elif request.routineIdentifier not in (0x0203, 0xFF01):
            raise Refused(0x31)
        return uds.UDS_RCPR(routineControlType=1, routineIdentifier=request.routineIdentifier) / bytes([not passed])

    def download(self, request):
        if (request.dataFormatIdentifier, request.memoryAddressLen, request.memorySizeLen) != (0, 4, 4):
            raise Refused(0x31)
        self.at = self.range_of(request.memoryAddress4, request.memorySize4)
        self.left, self.counter, self.received = request.memorySize4, 0, b""
        return uds.UDS_RDPR(memorySizeLen=2, maxNumberOfBlockLength=MAX_BLOCK.to_bytes(2, "big"))

    def data(self, request):
        block = request.transferRequestParameterRecord
        if self.counter is None:
            raise Refused(0x24)
        if request.blockSequenceCounter == (self.counter + 1) & 0xFF:
            if len(block) > self.left or len(block) > MAX_BLOCK - 2:
                raise Refused(0x71)
            self.memory[self.at:self.at + len(block)] = block
            self.received += block
            self.at, self.left, self.counter = self.at + len(block), self.left - len(block), request.blockSequenceCounter
        elif request.blockSequenceCounter != self.counter:
            raise Refused(0x73)
        return uds.UDS_TDPR(blockSequenceCounter=request.blockSequenceCounter)

    def transfer_exit(self, request):
        if self.counter is None or self.left:
            raise Refused(0x24)
        self.counter = None
        return uds.UDS_RTEPR()

    def handle(self, request):
        """Return: the UDS answer, suppressed or not"""
        services = {
            0x10: self.diagnostic_session_control,
            0x11: self.ecu_reset,
            0x14: lambda request: uds.UDS_CDTCIPR(),
            0x22: self.read,
            0x27: self.security_access,
            0x28: lambda request: uds.UDS_CCPR(controlType=request.controlType & 0x7F),
            0x2E: self.write,
            0x31: self.routine,
            0x34: self.download,
            0x36: self.data,
            0x37: self.transfer_exit,
            0x3E: lambda request: uds.UDS_TPPR(),
            0x85: lambda request: uds.UDS_CDTCSPR(DTCSettingType=request.DTCSettingType & 0x7F),
        }
        try:
            if request.service not in services:
                raise Refused(0x11)
            if request.service in SECURED and not self.unlocked:
                raise Refused(0x33)
            answer = services[request.service](request)
            return UDS(service=request.service + 0x40) / answer
        except Refused as refused:
            return UDS() / uds.UDS_NR(requestServiceId=request.service, negativeResponseCode=refused.args[0])


def suppressed(request):
    """the sub-function's bit 7, in the layers of the services that have a sub-function"""
    field = {0x10: "diagnosticSessionType", 0x11: "resetType", 0x28: "controlType", 0x31: "routineControlType",
             0x3E: "subFunction", 0x85: "DTCSettingType"}.get(request.service)
    return bool(field and getattr(request, field) & 0x80)


def main():
    bus, base, size, out = sys.argv[1], int(sys.argv[2], 0), int(sys.argv[3], 0), sys.argv[4]
    ecu = Ecu(base, size, out)
    physical = uds_socket(bus, RESPONSE, REQUEST)
    functional = uds_socket(bus, RESPONSE, FUNCTIONAL)
    print("ready", flush=True)
    while True:
        for socket in ISOTPSoftSocket.select([functional, physical], 1):
            request = socket.recv()
            if request is None or request.service & 0x40:
                continue
            answer = ecu.handle(request)
            unsaid = socket is functional and answer.service == 0x7F and \
                answer.negativeResponseCode in (0x11, 0x12, 0x31, 0x7E, 0x7F)
            if not unsaid and not (suppressed(request) and answer.service != 0x7F):
                physical.send(answer)


if __name__ == "__main__":
    main()
