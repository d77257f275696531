# M7. The function table indexed by a register that nothing has masked.
function f
bad:    callq *FT(%r11)
        ret
end f
