# Twin of reject/d5-lfence-alias.s, without the fault.
function f
        .byte 0x0f,0xae,0xe8
        ret
end f
