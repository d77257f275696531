# Twin of reject/d4-vex-longer-than-needed.s, without the fault.
function f
        .byte 0xc5,0xf8,0x58,0xc0
        ret
end f
