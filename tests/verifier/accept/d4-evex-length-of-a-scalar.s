# Twin of reject/d4-evex-length-of-a-scalar.s, without the fault.
function f
        .byte 0x62,0xf1,0x76,0x08,0x58,0xc0
        ret
end f
