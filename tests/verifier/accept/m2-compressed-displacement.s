# Twin of reject/m2-compressed-displacement.s, without the fault.
function f
        subq $64, %rsp
        .byte 0x62,0xf1,0x7c,0x48,0x11,0x44,0x24,0x00
        addq $64, %rsp
        ret
end f
