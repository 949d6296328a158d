"""Runs programs of Scripts/compare-unicorn on the PyPI package `unicorn`.

Usage: unicorn-streams.py INPUT OUTPUT float|integer

INPUT holds for each program: r0 to r12, sp, lr, s0 to s31, the address of its end, 16 KiB of memory.
OUTPUT gets for each: r0 to r12, sp, lr, xPSR, s0 to s31, FPSCR, the address of a failure or 0, the memory.
"""
import struct
import sys

from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc, UcError
from unicorn.arm_const import (
    UC_ARM_REG_FPSCR, UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_R0, UC_ARM_REG_S0, UC_ARM_REG_SP, UC_ARM_REG_XPSR,
    UC_CPU_ARM_CORTEX_M4)

BASE = 0x20000000
SIZE = 0x4000
WORDS = 15 + 32 + 1


def run(words, memory):
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    machine.mem_map(BASE, SIZE)
    machine.mem_write(BASE, memory)
    core = [UC_ARM_REG_R0 + index for index in range(13)] + [UC_ARM_REG_SP, UC_ARM_REG_LR]
    for register, value in zip(core, words[:15]):
        machine.reg_write(register, value)
    if sys.argv[3] == "float":
        machine.reg_write(UC_ARM_REG_FPSCR, 0)
        for index in range(32):
            machine.reg_write(UC_ARM_REG_S0 + index, words[15 + index])
    machine.reg_write(UC_ARM_REG_XPSR, 0x01000000)
    error = 0
    try:
        machine.emu_start(BASE + 0x100 | 1, words[47], 0, 20000)
    except UcError:
        error = machine.reg_read(UC_ARM_REG_PC)
    values = [machine.reg_read(register) & 0xffffffff for register in core]
    values.append(machine.reg_read(UC_ARM_REG_XPSR) & 0xffffffff)
    for index in range(32):
        is_float = sys.argv[3] == "float"
        values.append(machine.reg_read(UC_ARM_REG_S0 + index) if is_float else words[15 + index])
    values.append(machine.reg_read(UC_ARM_REG_FPSCR) & 0xffffffff if sys.argv[3] == "float" else 0)
    values.append(error)
    return struct.pack("<50I", *values) + bytes(machine.mem_read(BASE, SIZE))


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    size = WORDS * 4 + SIZE
    with open(sys.argv[2], "wb") as file:
        for start in range(0, len(data), size):
            words = struct.unpack_from("<48I", data, start)
            file.write(run(words, data[start + WORDS * 4:start + size]))


main()
