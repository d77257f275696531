# Twin of reject/d4-evex-index-bit-of-a-general-register.s, without the fault.
function f
        .byte 0x62,0xf1,0x77,0x08,0x7b,0xc1
        ret
end f
