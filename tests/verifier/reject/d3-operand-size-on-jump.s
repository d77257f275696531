# D3. 66 on a jump truncates rip to 16 bits on some processors, and is ignored on others.
function f
bad:    .byte 0x66,0xe9,0,0,0,0
        ret
end f
