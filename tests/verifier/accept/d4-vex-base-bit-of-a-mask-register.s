# Twin of reject/d4-vex-base-bit-of-a-mask-register.s, without the fault.
function f
        .byte 0xc5,0xf8,0x90,0xc1
        ret
end f
