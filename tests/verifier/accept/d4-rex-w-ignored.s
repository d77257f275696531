# Twin of reject/d4-rex-w-ignored.s, without the fault.
function f
        .byte 0x66,0x0f,0xc5,0xc9,0x01
        ret
end f
