# M2. EVEX multiplies an 8-bit displacement by the width: 1 means 64.
function f
        subq $64, %rsp
bad:    .byte 0x62,0xf1,0x7c,0x48,0x11,0x44,0x24,0x01
        addq $64, %rsp
        ret
end f
