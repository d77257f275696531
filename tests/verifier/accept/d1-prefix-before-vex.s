# Twin of reject/d1-prefix-before-vex.s, without the fault.
function f
        .byte 0xc5,0xf8,0x58,0xc0
        ret
end f
