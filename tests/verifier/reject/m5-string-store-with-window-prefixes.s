# M5. With 65 67, rep stos still writes the absolute low 4 GiB.
function f
bad:    .byte 0x65,0x67,0xf3,0xaa
        ret
end f
