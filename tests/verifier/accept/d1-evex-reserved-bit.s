# Twin of reject/d1-evex-reserved-bit.s, without the fault.
function f
        .byte 0x62,0xf1,0x74,0x48,0x58,0xc0
        ret
end f
