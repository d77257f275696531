# Twin of reject/d4-vex-w-ignored.s, without the fault.
function f
        .byte 0xc5,0xf9,0x6f,0xc0
        ret
end f
