# Twin of reject/d4-vex-immediate-register-low-bits.s, without the fault.
function f
        .byte 0xc4,0xe3,0x71,0x4a,0xc2,0x30
        ret
end f
