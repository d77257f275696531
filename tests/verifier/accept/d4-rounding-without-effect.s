# Twin of reject/d4-rounding-without-effect.s, without the fault.
function f
        .byte 0x62,0xf1,0x7e,0x48,0xe6,0xc1
        ret
end f
