# Twin of reject/d5-sfence-alias.s, without the fault.
function f
        .byte 0x0f,0xae,0xf8
        ret
end f
