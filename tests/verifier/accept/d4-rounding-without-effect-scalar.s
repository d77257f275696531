# Twin of reject/d4-rounding-without-effect-scalar.s, without the fault.
function f
        .byte 0x62,0xf1,0xff,0x18,0x2a,0xc1
        ret
end f
