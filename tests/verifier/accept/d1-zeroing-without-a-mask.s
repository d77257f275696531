# Twin of reject/d1-zeroing-without-a-mask.s, without the fault.
function f
        .byte 0x62,0xf1,0x74,0xc9,0x58,0xc0
        ret
end f
