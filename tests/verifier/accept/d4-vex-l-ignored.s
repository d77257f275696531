# Twin of reject/d4-vex-l-ignored.s, without the fault.
function f
        .byte 0xc5,0xfa,0x58,0xc0
        ret
end f
